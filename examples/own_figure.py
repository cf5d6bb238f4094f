"""A figure of your own: how long each trial of a study trained.

kdsearch run --import examples/own_figure.py --space demo --trials 6
"""

import plotly.graph_objects as go

from kdsearch import FIGURES, ReportFigure
from kdsearch.report.summary import StudySummary


def draw(summary: StudySummary) -> go.Figure:
    """Draw a bar for each trial."""
    numbers = [trial.number for trial in summary.trials]
    figure = go.Figure(go.Bar(x=numbers, y=[trial.cpu_seconds for trial in summary.trials]))
    return figure.update_layout(xaxis_title="trial", yaxis_title="CPU seconds")


FIGURES.add(ReportFigure("seconds", "CPU seconds of each trial", "Training, pruning and measuring.", "search", draw))
