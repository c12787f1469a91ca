"""TAXII 2.1 as rules about values: media types, filters, cursors, resources and faults; no socket, clock or store.

Section numbers are those of the OASIS Standard of 10 June 2021.
"""
