"""Blind tags: two providers learn that they suspect the same identifier, and nobody learns an identifier.

A tag is a pseudorandom function of a normalised identifier under a key that no provider and no store holds
(docs/tags.md). From the inside out:

    group, suite        the prime-order group, and RFC 9497's hashing into it
    oprf, dleq          blinding, evaluation, unblinding, and the proof that one key was used
    normalise           one spelling an identifier, with published vectors
    epochs, key_file    keys that follow each other and die
    service             the key service: equal quotas, padded batches, a log without content
    asking, schedule    the member's side: what is sent, and when
    tag_set             what everybody downloads and compares at home
    weak                the shared-key alternative, and why it is off
"""
