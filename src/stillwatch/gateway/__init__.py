"""The data plane of the guard: a reverse proxy in front of a model API, as a chain of small protocols.

`worker` accepts connections, `client` reads requests, `relay` asks the guard and passes one exchange on, `pool` and
`upstream` hold the connections to the API, `supervisor` keeps the processes. What a guard decides is not here.
"""
