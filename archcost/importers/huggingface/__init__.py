"""A Hugging Face ``config.json`` as a variant of a family spec of the zoo: numbers to numbers, without any library."""
