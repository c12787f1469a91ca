"""The demonstration's policy: generous to everybody, and little for a campaign."""

POLICY = """\
# The policy of the demonstration (docs/policy.md). Nobody honest comes near these limits.
[[limit]]
level = "account"
measure = "requests"
quantity = 1200
window = "1m"
burst = 300

[[limit]]
level = "account"
measure = "output_tokens"
quantity = 1000000
window = "1m"

[[limit]]
level = "organization"
measure = "requests"
quantity = 3000
window = "1m"

# All accounts of a campaign together: two requests a second, once it is known as one.
[[limit]]
level = "campaign"
measure = "requests"
quantity = 120
window = "1m"
burst = 20

[delay]
seconds = 1.5

[degrade]
logprobs = false
most_choices = 1
most_output_tokens = 256
reasoning = "hide"

[verify]
message = "Please verify your organisation with support before you go on."
"""
"""TOML text for `decision.policy`."""
