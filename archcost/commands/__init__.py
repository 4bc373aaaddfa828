"""The commands of the command line, one module each; everything heavy is imported inside of them."""
