"""Pictures of lineage: a graph as data becomes DOT, positions, and one SVG for every surface, or plain text."""
