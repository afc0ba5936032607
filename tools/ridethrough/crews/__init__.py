"""Who works: this process, others on this machine, or a Dask cluster. What they find is the same."""
