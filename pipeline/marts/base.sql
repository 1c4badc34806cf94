-- What several marts stand on. ``night`` (run_id, as_of), ``setting`` (one row), ``written_flags``, ``not_understood``, ``boroughs`` and a view of each published table are there.

CREATE MACRO risk_rank(risk) AS list_position(['none', 'low', 'medium', 'high', 'very_high'], risk);

-- Y, Yes or 1 as true, N, No or 0 as false; null where nothing, or something else, is written.
CREATE MACRO is_yes(cell) AS (SELECT any_value(w.is_yes) FROM written_flags w WHERE w.written = upper(trim(cell)));

-- In their own order: Flat 3, 12 High Street is 12 High Street, Flat 3.
CREATE MACRO house_numbers(address) AS list_sort(regexp_extract_all(address, '\d+[A-Z]?'));

-- Until when an episode lasts: its return, or the end of that day where no time of day is told, or of its own day where no return is.
CREATE MACRO told_until(day, ended_at) AS
    CASE WHEN ended_at > date_trunc('day', ended_at) THEN ended_at ELSE CAST(coalesce(CAST(ended_at AS DATE), day) + 1 AS TIMESTAMPTZ) END;

-- An age on a record tells the latest day on which its person can have been born.
CREATE TEMP TABLE people AS
SELECT p.person_id, p.date_of_birth, p.cluster_confidence, p.n_open_questions, p.boroughs, r.born_by
FROM persons p
LEFT JOIN (SELECT person_id, min(CAST(recorded_at AS DATE) - to_years(CAST(age_low AS INTEGER))) AS born_by FROM records WHERE age_low IS NOT NULL GROUP BY person_id) r
    USING (person_id);

-- Whole years on a day.
CREATE MACRO age_on(birthday, day) AS datesub('year', birthday, day);

-- Who has no birthday counts as a child until an age on a record says otherwise: a name too many does less harm than one too few.
CREATE MACRO may_be_child(birthday, born_by, day) AS coalesce(coalesce(birthday, born_by) > day - INTERVAL 18 YEAR, true);

CREATE TEMP TABLE happened AS
SELECT e.event_id, e.person_id, e.record_id, e.source, e.event_type, e.event_ref, e.role, e.borough, e.started_at, e.ended_at,
       CAST(e.started_at AS DATE) AS day, e.place, e.place_postcode, e.risk, e.status,
       CASE WHEN e.event_type IN ('missing_episode', 'custody', 'registration') THEN e.attributes END AS attributes,
       p.date_of_birth, p.born_by, p.cluster_confidence, p.n_open_questions,
       may_be_child(p.date_of_birth, p.born_by, coalesce(CAST(e.started_at AS DATE), night.as_of)) AS is_of_child,
       starts_with(trim(e.attributes['offence']), setting.exploitation_code) AS is_exploitation_report,
       e.event_type = 'coming_to_notice'
           AND len(list_filter(setting.exploitation_words, lambda word: contains(lower(e.attributes['concern']), lower(word)))) > 0 AS is_exploitation_notice
FROM events e
JOIN people p USING (person_id), night, setting;

-- One row an offender: of two registrations the newer.
CREATE TEMP TABLE registrations AS
SELECT event_id, person_id, coalesce(borough, 'not known') AS borough, coalesce(risk, 'not known') AS risk, cluster_confidence,
       lower(status) NOT IN ('in custody', 'abroad', 'reactive') IS NOT FALSE AS is_managed,
       TRY_CAST(attributes['next_visit_due_date'] AS DATE) AS due_recorded,
       TRY_CAST(attributes['last_visit_date'] AS DATE) + TRY_CAST(attributes['visit_frequency_days'] AS INTEGER) AS due_derived
FROM happened
WHERE event_type = 'registration'
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY started_at DESC NULLS LAST, event_id) = 1;
