"""The script that is written beside an ONNX file."""

__all__ = ["SCRIPT"]

SCRIPT = '''\
"""Forecast with model.onnx: python forecast.py readings.csv

readings.csv has a heading, the local time of each row first, and then a column for each sensor of card.json, in order.
"""

import json
import sys

import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession("model.onnx")
facts = model.get_modelmeta().custom_metadata_map
rows = np.genfromtxt(sys.argv[1], dtype=str, delimiter=",", skip_header=1)[-int(facts["history"]) :]
readings = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows], dtype=np.float32)
time = np.datetime64(rows[-1, 0].replace(" ", "T"), "s")
(forecasts,) = model.run(["forecast"], {"readings": readings[None], "time": time.astype(np.int64)[None]})
print("time", *json.loads(facts["sensors"]), sep=",")
for step, forecast in enumerate(forecasts[0], start=1):
    print(time + np.timedelta64(step * int(facts["interval_minutes"]), "m"), *forecast, sep=",")
'''
