import os
import sys
from pathlib import Path

LOADTEST = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LOADTEST))
# What the tests start finds the study, too.
os.environ["PYTHONPATH"] = str(LOADTEST)
