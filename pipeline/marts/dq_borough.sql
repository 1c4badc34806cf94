WITH in_use AS (
    SELECT feed_id, count(*) AS records, count(records.date_of_birth) / count(*) AS valid_birthday_share, count(postcode) / count(*) AS valid_postcode_share,
           count(pnc_id) AS pnc_ids, round(avg(cluster_confidence), 4) AS link_confidence
    FROM records JOIN people p USING (person_id)
    GROUP BY feed_id
), nulls AS (
    SELECT feed_id, count(*) FILTER (value.reason = 'default_birthday') AS default_birthdays,
           count(*) FILTER (value.field IN ('pnc_id', 'police_id') AND value.reason = 'invalid_check') AS wrong_pnc_ids,
           count(*) FILTER (value.reason IN (SELECT reason FROM not_understood)) AS values_not_understood
    FROM (SELECT feed_id, unnest(nulled) AS value FROM records)
    GROUP BY feed_id
), rejects AS (
    SELECT feed_id, count(DISTINCT (file, sheet, row_number, part)) AS rejected,
           count(DISTINCT (file, sheet, row_number, part)) FILTER (reason_code = 'duplicate_row') AS duplicates
    FROM quarantine
    GROUP BY feed_id
), asked AS (
    SELECT DISTINCT feed_id, review_id, review_type IN ('identifier_conflict', 'broken_cluster', 'decision_contradicted') AS is_conflict,
           CAST(left(opened_in, 10) AS DATE) AS opened_on
    FROM (SELECT *, unnest([record_id_l, record_id_r]) AS record_id FROM review_queue)
    JOIN records USING (record_id)
), questions AS (
    SELECT feed_id, count(*) AS open_questions, count(*) FILTER (is_conflict) AS open_conflicts, min(opened_on) FILTER (is_conflict) AS oldest
    FROM asked
    GROUP BY feed_id
)
SELECT feed_id, s.source, s.borough, s.state, s.reason_code, as_of - export_date AS days_old, as_of - CAST(newest_record_at AS DATE) AS days_since_newest,
       coalesce(records, 0) AS records, coalesce(rejected, 0) AS rejected, coalesce(duplicates, 0) AS duplicates, valid_birthday_share, valid_postcode_share,
       CASE WHEN pnc_ids + coalesce(wrong_pnc_ids, 0) > 0 THEN pnc_ids / (pnc_ids + coalesce(wrong_pnc_ids, 0)) END AS valid_pnc_share,
       coalesce(default_birthdays, 0) AS default_birthdays, coalesce(values_not_understood, 0) AS values_not_understood,
       coalesce(open_questions, 0) AS open_questions, coalesce(open_conflicts, 0) AS open_conflicts, as_of - oldest AS oldest_conflict_days, link_confidence
FROM source_status s
LEFT JOIN in_use USING (feed_id)
LEFT JOIN nulls USING (feed_id)
LEFT JOIN rejects USING (feed_id)
LEFT JOIN questions USING (feed_id), night
