"""The script that is written beside an ONNX file."""

__all__ = ["SCRIPT"]

SCRIPT = '''\
"""Forecast with model.onnx: python forecast.py readings.csv

readings.csv has a heading, the local time of each row first, and a column for each sensor of card.json, in any order;
of several channels a column such as "7 speed" for each of them.
"""

import csv
import json
import sys

import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession("model.onnx")
facts = model.get_modelmeta().custom_metadata_map
sensors, channels = json.loads(facts["sensors"]), json.loads(facts["channels"])
names = sensors if len(channels) == 1 else [f"{sensor} {channel}" for channel in channels for sensor in sensors]
with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
    heading, *rows = csv.reader(file)
newest = rows[-int(facts["history"]) :]
readings = [[float(row[heading.index(name)] or "nan") for name in names] for row in newest]
time = np.datetime64(newest[-1][0].replace(" ", "T"), "s")
inputs = {"readings": np.array([readings], dtype=np.float32), "time": time.astype(np.int64)[None]}
print("time", *names, sep=",")
for step, forecast in enumerate(model.run(["forecast"], inputs)[0][0], start=1):
    print(time + np.timedelta64(step * int(facts["interval_minutes"]), "m"), *forecast, sep=",")
'''
