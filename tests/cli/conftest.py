from tests.report.conftest import confirmed, empty_store, limited, searched

__all__ = ["confirmed", "empty_store", "limited", "searched"]
