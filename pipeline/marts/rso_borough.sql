WITH visits AS (
    SELECT *, is_managed AND coalesce(due_recorded, due_derived) < as_of AS is_overdue, as_of - coalesce(due_recorded, due_derived) AS days_overdue
    FROM registrations, night
)
SELECT borough, risk, count(*) AS registered, count(*) FILTER (is_managed) AS managed, count(*) FILTER (is_overdue) AS overdue,
       max(days_overdue) FILTER (is_overdue) AS longest_overdue_days,
       count(*) FILTER (is_managed AND due_recorded IS NULL AND due_derived IS NULL) AS no_due_date,
       count(*) FILTER (is_managed AND due_recorded IS NULL AND due_derived IS NOT NULL) AS due_derived,
       coalesce(list_sort(list(event_id) FILTER (is_overdue)), []) AS overdue_event_ids, round(avg(cluster_confidence), 4) AS link_confidence
FROM visits
GROUP BY borough, risk
