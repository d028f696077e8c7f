"""GraphQL: one face over records and commands, for web pages, scripts and clients of the reference.

`schema.graphql` is the contract, `execute` is where to begin. Reading asks the records and the catalogs of the locations (`workspace`);
whatever changes something calls the function of `nbasset.commands` that the verb of the same name calls. Nothing here knows of HTTP.
"""
