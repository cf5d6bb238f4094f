"""The search: objectives, spaces, the sampler, the executors and the SQL store."""
