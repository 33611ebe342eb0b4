from portfolio.models.equity import EquityCurve, EquityPoint

__all__ = ["EquityCurve", "EquityPoint"]
