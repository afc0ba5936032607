"""What everything else stands on: files, TOML, quantities, errors, paths."""
