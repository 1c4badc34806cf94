WITH missing AS (
    SELECT DISTINCT person_id FROM happened WHERE event_type IN ('missing_episode', 'absence') AND is_of_child
), offender_places AS (
    SELECT DISTINCT postcode, uprn FROM records WHERE person_id IN (SELECT person_id FROM registrations)
), homes AS (
    SELECT person_id, record_id, upper(address) AS address, postcode, uprn, CAST(recorded_at AS DATE) AS day
    FROM records
    WHERE uprn IN (SELECT uprn FROM offender_places WHERE uprn IS NOT NULL)
       OR (postcode IN (SELECT postcode FROM offender_places WHERE postcode IS NOT NULL) AND len(house_numbers(address)) > 0)
), places AS (
    SELECT 'home' AS child_place, homes.* FROM homes JOIN missing USING (person_id)
    UNION ALL
    SELECT 'found_at', person_id, record_id, upper(place), place_postcode, NULL, coalesce(CAST(ended_at AS DATE), day)
    FROM happened
    WHERE event_type = 'missing_episode' AND is_of_child AND place_postcode IS NOT NULL AND len(house_numbers(place)) > 0
), offender_homes AS (
    SELECT homes.*, r.borough, r.risk, r.cluster_confidence FROM homes JOIN registrations r USING (person_id)
), pairs AS (
    SELECT c.child_place, c.person_id AS child_id, o.person_id AS offender_id, c.postcode, c.address, c.day AS child_day, o.day AS offender_day,
           o.borough, o.risk, o.cluster_confidence, c.record_id AS child_record, o.record_id AS offender_record,
           CASE WHEN c.uprn = o.uprn THEN 1 WHEN c.address = o.address THEN 2 ELSE 3 END AS how
    FROM places c
    JOIN offender_homes o ON c.postcode = o.postcode AND house_numbers(c.address) = house_numbers(o.address)
    WHERE c.person_id <> o.person_id
    UNION ALL
    SELECT c.child_place, c.person_id, o.person_id, c.postcode, c.address, c.day, o.day, o.borough, o.risk, o.cluster_confidence, c.record_id, o.record_id, 1
    FROM places c
    JOIN offender_homes o ON c.uprn = o.uprn
    WHERE c.person_id <> o.person_id
      AND (c.postcode = o.postcode AND house_numbers(c.address) = house_numbers(o.address)) IS NOT TRUE
), there AS (
    SELECT postcode, house_numbers(address) AS numbers, count(DISTINCT person_id) AS n
    FROM homes
    WHERE postcode IN (SELECT postcode FROM pairs)
    GROUP BY ALL
)
SELECT child_id, offender_id, child_place, coalesce(list_sort(list(DISTINCT pairs.postcode) FILTER (pairs.postcode IS NOT NULL)), []) AS postcodes,
       coalesce(list_sort(list(DISTINCT address) FILTER (address IS NOT NULL)), []) AS addresses,
       ['uprn', 'address', 'house_number'][CAST(min(how) AS INTEGER)] AS matched_by, max(child_day) AS child_last_on, max(offender_day) AS offender_last_on,
       greatest(coalesce(max(there.n), 0), 2) AS persons_there, any_value(p.boroughs) AS child_boroughs, any_value(borough) AS offender_borough,
       any_value(risk) AS offender_risk, list_sort(list_distinct(list_concat(list(child_record), list(offender_record)))) AS record_ids,
       least(any_value(p.cluster_confidence), any_value(pairs.cluster_confidence)) AS link_confidence
FROM pairs
JOIN people p ON p.person_id = child_id
LEFT JOIN there ON there.postcode = pairs.postcode AND there.numbers = house_numbers(address)
GROUP BY child_id, offender_id, child_place
