"""Cases through the database: rows in, the office's own actions, rows out, on SQLite and on PostgreSQL.

A case's rows are taken back when it has been run; the tables of its city stay until a case has others.
"""
