"""Cache of folders that are made once, checked when they are opened, and made again where they are damaged."""

from kdsearch.cache.code import code_version, source_hash
from kdsearch.cache.folders import cache_dir, complete_folder, is_complete
from kdsearch.cache.messages import heard_by

__all__ = ["cache_dir", "code_version", "complete_folder", "heard_by", "is_complete", "source_hash"]
