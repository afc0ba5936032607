"""What the workbench in a browser asks Python: the sources of the page itself are in tools/web/."""
