-- New texts wait in a list, which the service sorts into the index every now and
-- then. If nobody did, whoever makes it longer than this (in kB) would have to.
ALTER INDEX leads_search_idx SET (gin_pending_list_limit = 16384);
