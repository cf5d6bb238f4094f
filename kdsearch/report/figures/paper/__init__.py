"""Figures for papers and slides: drawn by matplotlib from what the report's figures are drawn from."""
