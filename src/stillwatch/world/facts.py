"""Published numbers behind the simulated populations, each beside its source.

`chosen` marks what no source gives. ServeGen: production traces of 422 clients of language models over 14 days
(github.com/alibaba/ServeGen, Apache-2.0), summarised by this project. ShareGPT: 17,671 records of published
conversations, summarised likewise; none of their text is used.
"""

from __future__ import annotations

# -- conversations of people -----------------------------------------------------------------------------------
# ShareGPT: a quarter of conversations have one human turn, the median has three. The tail is chosen.
TURNS_LEVELS = (0.0, 0.25, 0.5, 0.9, 1.0)
TURNS_VALUES = (0.6, 1.49, 3.0, 9.0, 18.0)  # rounded to whole turns, so a quarter round to 1

# ShareGPT: human turns have 82 characters in the median, 587 at the ninth decile: one turn in six brings a pasted
# text of the sender's own.
PASTED_SHARE = 0.16

THINK_SECONDS, THINK_SIGMA = 45.0, 1.0  # chosen: reading an answer and typing the next turn
RETRY_SHARE = 0.05  # chosen: the same turn sent again, or with a correction
PEOPLE_PER_DAY, PEOPLE_SIGMA = 2.6, 0.9  # chosen: median exchanges a day of a light account, and its log deviation

# -- heavy clients ---------------------------------------------------------------------------------------------
# ServeGen: coefficient of variation of the time between requests, measured within ten minutes: median 1.3-1.5, ninth
# decile 4-8, and 23-36 % of heavy clients below 1.1.
CV_LEVELS = (0.0, 0.30, 0.5, 0.9, 1.0)
CV_VALUES = (0.5, 1.1, 1.4, 6.0, 12.0)
# ServeGen: the median client is active in 7 % (large models), 41 % (mid), 28 % (small) of all ten-minute bins.
DUTY_LEVELS = (0.0, 0.33, 0.5, 0.67, 1.0)
DUTY_VALUES = (0.02, 0.07, 0.28, 0.41, 1.0)
FLAT_SHARE = 0.2  # ServeGen: 13-26 % of heavy clients show a flat profile over 24 hours
# ServeGen: requests per client-day, median 11,500 to 138,000. Simulated at about 1:200 so that a world of thousands
# of clients fits one machine; ratios between clients are kept (99th percentile about 100 times the median).
HEAVY_PER_DAY, HEAVY_SIGMA = 60.0, 0.9
ON_MINUTES = 50.0  # chosen: mean length of a heavy client's active spell

# -- campaigns -------------------------------------------------------------------------------------------------
# 28.8 M exchanges of about 25,000 accounts in 44 days (CNBC, Reuters, Bloomberg on the campaign disclosed in June
# 2026): 26 exchanges an account and day.
CAMPAIGN_PER_DAY = 26.0
# Nearly half of one campaign's traffic moved to a new model within 24 hours of its release (Business Insider and
# Financial Express on the disclosure of 23 February 2026).
PIVOT_SHARE, PIVOT_HOURS = 0.5, 24.0

# -- customers and the new model -------------------------------------------------------------------------------
ADOPTERS = 0.8  # chosen: share of customers that ever move to the new model
ADOPTION_DAYS = 14.0  # chosen: mean time until they do
NEW_CUSTOMERS = 0.25  # chosen: share of accounts opened within the simulated days (the rest are older)
AGE_DAYS, AGE_SIGMA = 160.0, 1.1  # chosen: median age of an older account, and its log deviation

# -- what comes back -------------------------------------------------------------------------------------------
# All chosen; together about one exchange in 150 fails.
OUTAGE_DAYS, OUTAGE_MINUTES, OUTAGE_SIGMA = 0.15, 20.0, 0.7  # share of days with an outage; its median length
OUTAGE_FAILS = 0.6  # of the requests in it
LIMITED_SPELLS, LIMITED_FAILS = 0.004, 0.7  # share of an account's ten-minute spells, and of the requests in such a one
FAULT_SHARE = 0.002  # single faults
REASONING_CUSTOMERS = 0.25  # share of accounts that ask for reasoning
REASONING_TOKENS, REASONING_SIGMA = 260.0, 0.7  # median length at medium effort, and its log deviation
BANNED_TRIES = (2, 8)  # requests that a banned account still sends until its operator notices
