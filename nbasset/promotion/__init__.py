"""From notebook to job: a prepared copy of a notebook, carried out by papermill, kept beside its run."""
