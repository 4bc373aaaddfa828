pytest_plugins = ["archcost.pytest_plugin"]
