"""Model YAML files of Ultralytics: rows of modules → the spec that says them in blocks of the zoo."""
