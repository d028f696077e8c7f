"""GraphQL: one face over records and commands."""
