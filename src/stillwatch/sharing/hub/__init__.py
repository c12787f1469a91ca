"""A TAXII 2.1 server for trust groups: who is asking, what that member may see, what is taken in.

The protocol's rules are in `sharing.taxii`, what is on disk in `storage.hub`; `running.hub` puts them together.
"""
