"""`kdsearch report --live`: one line with the address, the page, and an end by Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

KEPT = Path(__file__).parents[2] / "studies" / "reproductions"


def test_a_report_is_served_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "kdsearch", "report", "los-loop-stid", "--studies", str(KEPT), "--live"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        assert running.stderr is not None
        line = running.stderr.readline()
        found = re.fullmatch(r"report: (http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", line)
        assert found is not None, line
        with urllib.request.urlopen(found[1], timeout=60) as answer:
            assert b"los-loop-stid" in answer.read()
        running.send_signal(signal.SIGINT)
        assert running.stderr.read() == ""
    assert running.returncode == 0
