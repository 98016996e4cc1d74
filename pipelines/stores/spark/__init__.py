"""The embedded store as Spark reads it, where data outgrow one machine. Nothing else imports `pyspark`.

Spark takes no Delta table without a connector that comes from Maven. So `deltalake` lists the data files of the present
version, and Spark reads these; every worker must see `STORE_DIR` under the same path.
"""
