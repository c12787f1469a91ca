"""Fields of knowledge and what people ask about in them: the vocabulary from which seeds are made.

Written for this project and dedicated to the public domain (CC0-1.0). A field has things that one can ask about and
places or settings where they occur; the generators combine them, so the number of different seeds is a product.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A field of knowledge: `things` are asked about, `settings` say where the question comes from."""

    name: str
    things: tuple[str, ...]
    settings: tuple[str, ...]


def _field(name: str, things: str, settings: str) -> Field:
    return Field(name, tuple(things.split(", ")), tuple(settings.split(", ")))


FIELDS: tuple[Field, ...] = (
    _field(
        "astronomy",
        "tidal locking, a transit curve, gravitational lensing, the Roche limit, stellar parallax, a white dwarf, "
        "the Oort cloud, redshift, an accretion disc, orbital resonance, the habitable zone, a pulsar's slowdown",
        "a planetarium show, an observing club, a school project, a telescope proposal",
    ),
    _field(
        "organic chemistry",
        "an SN2 substitution, a Grignard reagent, keto-enol tautomerism, aromatic stabilisation, chromatography, "
        "a protecting group, stereoisomers, a Diels-Alder reaction, esterification, the pKa of a carboxylic acid",
        "a teaching laboratory, a revision class, a paint factory, a perfume maker's bench",
    ),
    _field(
        "cell biology",
        "the citric acid cycle, membrane potential, mitosis, protein folding, osmosis, a ribosome, apoptosis, "
        "gene silencing, the cytoskeleton, a signalling cascade, photosynthesis, telomere shortening",
        "a first-year lecture, a fermentation plant, a hospital laboratory, a museum label",
    ),
    _field(
        "statistics",
        "Simpson's paradox, a confidence interval, the bootstrap, regression to the mean, a Poisson process, "
        "survivorship bias, Bayes' rule, multiple testing, a mixed model, censored data, a randomised trial, power",
        "a clinical study, a polling office, a factory's quality line, a sports club's records",
    ),
    _field(
        "number theory",
        "modular inverses, the Euclidean algorithm, quadratic residues, perfect numbers, continued fractions, "
        "Euler's totient, the Chinese remainder theorem, primitive roots, Pell's equation, Fermat's little theorem",
        "a mathematics circle, a cipher puzzle, a contest paper, a lecture for teachers",
    ),
    _field(
        "geometry",
        "the nine-point circle, an inscribed angle, a golden rectangle, a regular tiling, the volume of a frustum, "
        "a hyperbola's focus, a Voronoi diagram, barycentric coordinates, the law of cosines, an envelope of lines",
        "a carpenter's plan, a map survey, a stained-glass design, a drone's flight plan",
    ),
    _field(
        "data structures",
        "a B-tree, a skip list, a bloom filter, a union-find forest, a ring buffer, a trie, a priority queue, "
        "a segment tree, consistent hashing, an LRU cache, a rope for text, a suffix array",
        "a text editor, a message broker, a route planner, a search index",
    ),
    _field(
        "databases",
        "a covering index, write-ahead logging, snapshot isolation, a materialised view, sharding by key, "
        "a recursive query, a deadlock, third normal form, a window function, vacuuming, a hash join",
        "a booking system, a hospital register, a web shop, a weather archive",
    ),
    _field(
        "networks",
        "TCP slow start, BGP route leaks, DNS caching, a NAT table, TLS session resumption, multicast, "
        "head-of-line blocking, a subnet mask, path MTU discovery, traffic shaping, a load balancer",
        "a campus network, a rural provider, a ship, a trade fair",
    ),
    _field(
        "macroeconomics",
        "the yield curve, purchasing power parity, a liquidity trap, crowding out, sticky prices, seigniorage, "
        "the Phillips curve, a currency peg, hysteresis in unemployment, a terms-of-trade shock, fiscal drag",
        "a central bank's bulletin, a radio debate, a student essay, a city budget",
    ),
    _field(
        "contract law",
        "frustration of contract, an exclusion clause, promissory estoppel, offer and acceptance, liquidated damages, "
        "privity, misrepresentation, an entire-agreement clause, force majeure, a penalty clause, consideration",
        "a building site, a theatre hire, a software licence, a wedding booking",
    ),
    _field(
        "medieval history",
        "the Hanseatic League, the Domesday survey, a guild's apprenticeship, the Peasants' Revolt, crop rotation, "
        "the Investiture Controversy, pilgrim routes, the Black Death's wages, a monastery's library, castle sieges",
        "a school exhibition, a walking tour, a historical novel, a documentary script",
    ),
    _field(
        "linguistics",
        "vowel harmony, ergativity, a minimal pair, code-switching, the great vowel shift, evidentiality, "
        "a creole's grammar, tone sandhi, garden-path sentences, grammatical gender, reduplication",
        "a dialect survey, a language course, a translator's notes, a speech clinic",
    ),
    _field(
        "music theory",
        "a tritone substitution, sonata form, voice leading, hemiola, modal interchange, a plagal cadence, "
        "equal temperament, counterpoint, a walking bass line, syncopation, a Neapolitan sixth",
        "a jazz trio, a school choir, a film score, a brass band",
    ),
    _field(
        "cookery",
        "a roux, lamination of dough, the Maillard reaction, sourdough hydration, tempering chocolate, emulsions, "
        "a court bouillon, blanching, pectin setting, dry ageing, caramel stages, proofing time",
        "a canteen for two hundred, a camping stove, a bakery's night shift, a child's birthday",
    ),
    _field(
        "gardening",
        "grafting an apple tree, soil pH, companion planting, blight on tomatoes, hardening off, mulching, "
        "a hotbed, root-bound pots, slug control, crop rotation in beds, pruning roses, green manure",
        "a shady balcony, a school garden, an allotment on clay, a roof terrace",
    ),
    _field(
        "civil engineering",
        "a retaining wall, prestressed concrete, soil liquefaction, a culvert, wind load on a mast, expansion joints, "
        "a truss bridge, settlement, a roundabout's capacity, sewer gradients, pile foundations",
        "a mountain road, a harbour quay, a tram depot, a flood bank",
    ),
    _field(
        "electronics",
        "a buck converter, ground loops, an operational amplifier, debouncing a switch, a phase-locked loop, "
        "decoupling capacitors, a Schmitt trigger, PWM dimming, impedance matching, a shunt resistor",
        "a model railway, a weather balloon, a guitar pedal, an electric bicycle",
    ),
    _field(
        "medicine",
        "triage, insulin resistance, antibiotic stewardship, the placebo effect, wound healing, herd immunity, "
        "a differential diagnosis, blood pressure variation, anaphylaxis, screening harms, gait analysis",
        "a village practice, a nursing course, an ambulance station, a patients' leaflet",
    ),
    _field(
        "psychology",
        "confirmation bias, the spacing effect, learned helplessness, attachment styles, working memory, "
        "the bystander effect, intrinsic motivation, cognitive dissonance, habit formation, stereotype threat",
        "a staff training, a parents' evening, a sports team, a podcast",
    ),
    _field(
        "philosophy",
        "the trolley problem, Gettier cases, personal identity, the veil of ignorance, moral luck, Zeno's paradoxes, "
        "free will, qualia, the naturalistic fallacy, the paradox of the heap, social contract theory",
        "a debating society, an ethics board, a reading group, a school examination",
    ),
    _field(
        "geography",
        "an oxbow lake, the rain shadow, urban heat islands, longshore drift, permafrost thaw, monsoons, "
        "a drumlin field, desert varnish, river capture, coastal subsidence, karst springs",
        "a field trip, an atlas page, a regional plan, a quiz night",
    ),
    _field(
        "logistics",
        "safety stock, the travelling salesman, cross-docking, the bullwhip effect, a pallet pattern, cold chains, "
        "reorder points, last-mile delivery, container dwell time, route consolidation, returns handling",
        "a flower auction, a food bank, a spare-parts store, a book distributor",
    ),
    _field(
        "theatre and film",
        "a three-act structure, dramatic irony, blocking a scene, an unreliable narrator, montage, subtext, "
        "a chorus, stage lighting plots, continuity errors, a cold open, a monologue",
        "an amateur company, a screenplay class, a puppet stage, a short-film festival",
    ),
    _field(
        "security engineering",
        "a threat model, password hashing, least privilege, a replay attack, key rotation, phishing drills, "
        "a side channel, certificate pinning, a supply-chain attack, incident triage, input validation",
        "a hospital's network, a payroll service, an open-source project, a smart-lock maker",
    ),
    _field(
        "climate and energy",
        "heat pumps, grid inertia, carbon pricing, albedo feedback, pumped storage, demand response, methane leaks, "
        "embodied carbon, capacity factors, ocean acidification, district heating",
        "an island grid, a housing cooperative, a steel works, a town council",
    ),
)
