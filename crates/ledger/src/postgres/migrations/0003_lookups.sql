-- A record is looked up by its kind and identifier, and statements are planned before the kind is known:
-- an index of some kinds only is never used for it, and every customer was read instead.

drop index records_by_any_id;
create index records_by_any_id on records (bucket, environment, kind, id);
