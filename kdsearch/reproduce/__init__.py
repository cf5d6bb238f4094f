"""The papers' tables derived again; `report.published` holds what is printed, this what comes out here."""
