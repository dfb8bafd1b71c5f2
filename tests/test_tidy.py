import os
import subprocess
import sys


def test_layers_limits_and_forbidden_calls():
    done = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "tidy.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
