WITH told AS (
    SELECT person_id, day FROM happened WHERE event_type = 'coming_to_notice'
)
SELECT event_id, person_id, borough, event_ref, started_at AS arrested_at, ended_at AS released_at, age_on(date_of_birth, day) AS age,
       round(datediff('minute', started_at, ended_at) / 60, 1) AS hours, coalesce(CAST(ended_at AS DATE), as_of) > day AS is_overnight,
       attributes['charged_at'] IS NOT NULL AS is_charged, attributes['bail'] AS bail,
       is_charged AND coalesce(lower(trim(attributes['bail'])) IN ('refused', 'bail refused', 'no'), false) AS is_s38_due,
       is_yes(attributes['la_accommodation_requested']) AS is_s38_requested, is_yes(attributes['la_accommodation_provided']) AS is_s38_provided,
       is_yes(attributes['secure']) AS is_secure_requested, is_yes(attributes['s38_certificate']) AS s38_certificate,
       round(datediff('minute', coalesce(TRY_CAST(attributes['detention_authorised_at'] AS TIMESTAMPTZ), started_at),
                      TRY_CAST(attributes['appropriate_adult_arrived_at'] AS TIMESTAMPTZ)) / 60, 1) AS appropriate_adult_delay_hours,
       EXISTS (FROM told WHERE told.person_id = h.person_id AND told.day BETWEEN h.day AND h.day + CAST(merlin_days AS INTEGER)) AS is_merlin_raised,
       cluster_confidence AS link_confidence
FROM happened h, night, setting
WHERE event_type = 'custody' AND is_of_child
