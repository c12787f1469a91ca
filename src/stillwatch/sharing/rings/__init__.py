"""Is the ring that a partner published the ring that is seen here? Answered by sketches under the alliance's key alone.

    traffic        conversations of accounts as slots of one byte, and what is usual among strangers
    signature      what a ring's conversations have in common and strangers' have not
    match          which accounts of a candidate carry a published signature, and whether that makes it the ring

docs/ring-match.md holds the formula, error rates and where it is blind.
"""
