"""A second reckoning of fees, vouchers and invoices, and what compares the two on random families.

`reckon` and `month` are written from the law and from the cities' published rules once more, by another hand's ways:
whole cents and fractions of them, loops over children and days, plain dictionaries, nothing of `evaka`.  Where the two
differ, one of them is wrong.
"""
