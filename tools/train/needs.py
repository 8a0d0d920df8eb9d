"""The packages that a script of this folder needs: says what is missing before an import fails, and lets --help work."""
import importlib.util
import sys


def packages(text, *names):
    """Ends the script where a package is missing: with its text where help is asked for, else with what to do."""
    missing = ", ".join(name for name in names if importlib.util.find_spec(name) is None)
    if not missing:
        return
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(f"{text}\nIts options are shown where {missing} can be imported: ./setup.sh --train installs that.")
        sys.exit()
    sys.exit(f"error: no {missing} here: ./setup.sh --train installs that. Start this with tools/python torch,numpy")
