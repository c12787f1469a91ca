"""What providers tell each other about extraction, in STIX 2.1: closed records, built and read by one definition.

    vocabulary, atlas       the words: nexus, behaviours, volume bands, confidence, phases, techniques
    identifiers             ids: random, keyed, and deterministic ones
    tlp                     the five markings of TLP 2.0
    extension               our extension definitions and their JSON schemas
    objects, techniques     one record for each type
    patterns                the small part of the pattern language that we write and read
    bundle                  bytes to records and back
    from_findings           a campaign of a hunt as a bundle

docs/stix.md holds the mapping and examples. `stix2` and its validator are oracles of the tests, never loaded here.
"""
