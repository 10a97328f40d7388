-- vibe.kmeans and vibe.kmeans_assign: against scikit-learn, in parallel plans, under every bad option.
set timezone = 'UTC';
\set SHOW_CONTEXT never

-- By hand: two heaps on a line.
select (m).* from (
    select vibe.kmeans(2, '{"start": [[0], [1]]}', x) as m from (values (0.0::float8), (1), (2), (10), (11), (12)) as v (x)
) as t \gx

create table points as
    select i as id,
        (hashint8extended(i, 1) & 65535) / 65536.0::float8 * 4 + 5 * (i % 3) as a,
        (hashint8extended(i, 2) & 65535) / 65536.0::float8 * 4 + 7 * (i % 2) as b,
        (hashint8extended(i, 3) & 65535) / 65536.0::float8 * 100 as c,
        1 + (hashint8extended(i, 4) & 3)::float8 as w
    from generate_series(1, 30000) as i;
alter table points set (parallel_workers = 2);
analyze points;

-- The expected numbers are scikit-learn 1.9.1's, from rows fetched by `select a, b, c, w from points order by id`:
--   def fit(name, Z, back, **weights):
--       m = KMeans(4, init=Z[:4], n_init=1, max_iter=30, tol=0, algorithm="lloyd").fit(Z, **weights)
--       C = back(m.cluster_centers_); order = np.lexsort(C.T[::-1])
--       print(name, np.round(C[order], 6), np.bincount(m.labels_)[order], round(m.inertia_, 4), m.n_iter_)
--   fit("none", X, lambda c: c); fit("weighted", X, lambda c: c, sample_weight=w)
--   s = StandardScaler().fit(X); fit("zscore", s.transform(X), s.inverse_transform); likewise MinMaxScaler; likewise
--   StandardScaler of np.log1p(X), with np.expm1 of the inverse.
create table expected (name text, centroids numeric[], sizes bigint[], inertia numeric, iterations integer);
insert into expected values
    ('none', '{{6.978486,5.47425,12.350252},{6.990419,5.551334,62.303106},{7.013505,5.520308,37.303776},{7.020835,5.466052,87.342361}}',
        '{7411,7564,7625,7400}', 2506087.8277, 30),
    ('weighted', '{{6.980397,5.459881,87.394306},{6.984003,5.501852,12.349704},{7.013897,5.510636,37.251632},{7.028637,5.513149,62.2371}}',
        '{7399,7404,7618,7579}', 6261473.1938, 30),
    ('zscore', '{{3.27313,8.944555,49.693308},{7.002503,2.093881,75.606848},{7.018549,2.053995,24.495438},{10.793439,8.963821,49.777361}}',
        '{7561,7465,7581,7393}', 40234.3542, 30),
    ('minmax', '{{3.360118,9.002796,49.771852},{3.372619,1.996543,48.983015},{10.687609,2.004676,50.413104},{10.70129,9.009623,50.009347}}',
        '{7568,7555,7445,7432}', 3502.714, 30),
    ('log1p_zscore', '{{1.407863,4.910998,47.40853},{6.18065,4.393011,5.828929},{7.953922,1.583289,50.95272},{8.663282,8.947129,51.518885}}',
        '{6945,4123,9756,9176}', 35411.9096, 20);
create table options as
    select e.name, jsonb_build_object('max_iterations', 30, 'tolerance', 0, 'start', s.start)
        || case when e.name = 'weighted' then '{"weighted": true}' else jsonb_build_object('normalise', e.name) end as options
    from expected as e, (select jsonb_agg(jsonb_build_array(a, b, c) order by id) as start from points where id <= 4) as s;
set max_parallel_workers_per_gather = 0;
create table found as
    select o.name, vibe.kmeans(4, o.options, a, b, c) as model
    from points, options as o where o.name <> 'weighted' group by o.name
    union all
    select o.name, vibe.kmeans(4, o.options, a, b, c, w) from points, options as o where o.name = 'weighted' group by o.name;
select e.name, e.sizes = (f.model).sizes as sizes, e.iterations = (f.model).iterations as iterations,
    e.inertia = round((f.model).inertia::numeric, 4) as inertia,
    (select bool_and(abs(x::float8 - y) <= 1e-6) from unnest(e.centroids, (f.model).centroids) as u (x, y)) as centroids
from expected as e join found as f using (name) order by e.name;

-- A row is in the cluster that it was counted in; the sum over rows of the weights is the model's, too.
select f.name, (f.model).sizes = array_agg(c.rows order by c.cluster) as sizes
from found as f
cross join lateral (
    select vibe.kmeans_assign(f.model, a, b, c) as cluster, count(*) as rows from points group by 1
) as c
group by f.name, (f.model).sizes order by f.name;
select (model).weights = (select array_agg(w order by cluster) from (
    select vibe.kmeans_assign(model, a, b, c) as cluster, sum(w) as w from points group by 1) as s) as weights
from found where name = 'weighted';

-- Any order of rows, an array or single arguments, one process or workers: the same to the bit.
create function public.same(a vibe.kmeans_model, b vibe.kmeans_model) returns boolean language sql as 'select a is not distinct from b';
select count(*), bool_and(public.same(m, (select m from (select vibe.kmeans(5, '{"seed": 3, "restarts": 2}', a, b, c) as m from points) as x)))
from (
    select vibe.kmeans(5, '{"seed": 3, "restarts": 2}', a, b, c) as m from (select * from points order by a, b) as p
    union all
    select vibe.kmeans(5, '{"seed": 3, "restarts": 2}', a, b, c order by c desc) from points
    union all
    select vibe.kmeans(5, '{"seed": 3, "restarts": 2}', variadic array[a, b, c]) from points
) as v;
create table alone as select vibe.kmeans(5, '{"normalise": "zscore"}', a, b, c) as m from points;
set max_parallel_workers_per_gather = 2;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
explain (costs off) select vibe.kmeans(5, '{"normalise": "zscore"}', a, b, c) from points;
select public.same(m, (select m from alone)) as same
from (select vibe.kmeans(5, '{"normalise": "zscore"}', a, b, c) as m from points) as p;
set vibe.kernel_threads = 2;
select public.same(m, (select m from alone)) as same
from (select vibe.kmeans(5, '{"normalise": "zscore"}', variadic array[a, b, c]) as m from points) as p;
reset vibe.kernel_threads;
explain (costs off) select sum(vibe.kmeans_assign(m, a, b, c)) from points, alone;
-- Workers that see nothing, or nothing that counts.
select vibe.kmeans(2, '{}', a) is null as nothing from points where id < 0;
select (m).rows, (m).rows_left_out, (m).clusters from (select vibe.kmeans(2, '{}', case when id = 5 then a end) as m from points) as p;
set max_parallel_workers_per_gather = 0;

-- What is left out, and counted; two zeros are one.
select (m).rows, (m).rows_left_out, (m).clusters, (m).centroids, (m).sizes from (
    select vibe.kmeans(2, '{}', x, y) as m
    from (values (1::float8, 2::float8), (null, 1), (1, 'NaN'), ('Infinity', 1), (1, '-Infinity'), (0, 0), ('-0', 0)) as v (x, y)
) as t;
select (m).rows, (m).rows_left_out from (
    select vibe.kmeans(1, '{}', variadic v.x) as m from (values (array[1, 2.5]::float8[]), (array[1, null]), (array['NaN'::float8, 1])) as v (x)
) as t;
select vibe.kmeans(1, '{}', null::float8) is null as nothing;
select (m).rows, (m).rows_left_out, (m).weights, (m).centroids from (
    select vibe.kmeans(1, '{"weighted": true}', x, w) as m from (values (1::float8, 3::float8), (5, 1), (9, 0), (9, null)) as v (x, w)
) as t;

-- Fewer different rows than clusters; a constant feature.
select (m).k, (m).clusters, (m).centroids, (m).sizes, (m).inertia, (m).converged from (
    select vibe.kmeans(256, '{}', x % 3) as m from generate_series(1, 100) as x
) as t;
select (m).normalise, (m).centroids, (m).scale[1], vibe.kmeans_assign(m, 99, 1) as constant_is_nothing from (
    select vibe.kmeans(2, '{"normalise": "zscore"}', 7, x) as m from generate_series(1, 4) as x
) as t;

-- The most features and clusters.
select (m).clusters, array_length((m).centroids, 1) as rows, array_length((m).centroids, 2) as columns, (m).rows,
    vibe.kmeans_assign(m, variadic (select array_agg(hashint8extended(7, f) & 255) from generate_series(1, 64) as f)::float8[]) between 1 and 256 as assigned
from (
    select vibe.kmeans(256, '{"max_iterations": 3}', variadic v.x) as m
    from (select array(select (hashint8extended(i, f) & 255)::float8 from generate_series(1, 64) as f) as x from generate_series(1, 600) as i) as v
) as t;

-- As a window function, whose state goes on after each answer.
select x, (vibe.kmeans(1, '{}', x) over (order by x)).centroids from generate_series(1, 3) as x;

-- The cached model changes with its argument.
select o, x, vibe.kmeans_assign(m, x) as cluster
from (select o, vibe.kmeans(2, jsonb_build_object('seed', 1), case o when 1 then v else v * 10 end) as m
      from generate_series(1, 10) as v, generate_series(1, 2) as o group by o) as t, (values (1), (40)) as p (x)
order by x, o;
select vibe.kmeans_assign(m, null::float8) is null as null_feature, vibe.kmeans_assign(m, 'NaN') is null as nan,
    vibe.kmeans_assign(m, 'Infinity') is null as infinite, vibe.kmeans_assign(null, 1.0) is null as null_model,
    vibe.kmeans_assign(m, variadic array[null]::float8[]) is null as null_in_array
from (select vibe.kmeans(1, '{}', x) as m from generate_series(1, 3) as x) as t;
-- A model that went through a table, its TOAST and JSON is the same one.
create table kept as
    select m from alone
    union all
    select vibe.kmeans(200, '{"max_iterations": 1}', a, b, c) from points;
select (k.m).k, count(*) as rows,
    count(*) filter (where vibe.kmeans_assign(k.m, a, b, c) <> vibe.kmeans_assign(jsonb_populate_record(null::vibe.kmeans_model, to_jsonb(k.m)), a, b, c)) as different
from (select * from points where id <= 500) as points, kept as k group by k.m order by 1;

-- Bad options and values name themselves.
create function public.refused(query text) returns text language plpgsql as $$
declare
    problem text;
    rule text;
begin
    execute query;
    return 'accepted';
exception when others then
    get stacked diagnostics problem = message_text, rule = pg_exception_detail;
    return problem || coalesce(' | ' || nullif(rule, ''), '');
end
$$;
\pset format unaligned
\pset tuples_only on
select c.call, public.refused('select vibe.kmeans(' || c.call || ') from generate_series(1, 3) as x')
from (values
    ('0, ''{}'', x'), ('257, ''{}'', x'), ('null, ''{}'', x'), ('2, null, x'), ('2, ''[]'', x'), ('2, ''7'', x'),
    ('2, ''{"sede": 1}'', x'), ('2, ''{"seed": "a"}'', x'), ('2, ''{"seed": 1.5}'', x'), ('2, ''{"seed": 1e300}'', x'),
    ('2, ''{"restarts": 0}'', x'), ('2, ''{"restarts": 1001}'', x'), ('2, ''{"restarts": null}'', x'),
    ('2, ''{"max_iterations": -1}'', x'), ('2, ''{"max_iterations": 100001}'', x'),
    ('2, ''{"tolerance": -0.1}'', x'), ('2, ''{"tolerance": true}'', x'),
    ('2, ''{"normalise": "z"}'', x'), ('2, ''{"normalise": 1}'', x'), ('2, ''{"weighted": "yes"}'', x'),
    ('2, ''{"weighted": true}'', x'), ('1, ''{"weighted": true}'', x, -1'), ('1, ''{"weighted": true}'', x, ''NaN'''),
    ('1, ''{"weighted": true}'', x, 1e16'),
    ('2, ''{"start": 1}'', x'), ('2, ''{"start": [[1]]}'', x'), ('2, ''{"start": [[1], [1, 2]]}'', x'),
    ('2, ''{"start": [[1], ["a"]]}'', x'), ('2, ''{"start": [[1], [null]]}'', x'), ('2, ''{"start": [[1], 2]}'', x'),
    ('2, ''{"start": [[1], [1e200]]}'', x'), ('2, ''{"start": [[1], [1e400]]}'', x'),
    ('1, ''{"start": [[-1]], "normalise": "log1p_zscore"}'', x'),
    ('1, ''{"start": [[1]], "restarts": 2}'', x'),
    ('1, ''{}'', variadic ''{}''::float8[]'), ('1, ''{}'', variadic null::float8[]'),
    ('1, ''{}'', variadic array_fill(1.0::float8, array[65])'),
    ('1, ''{"weighted": true}'', variadic array_fill(1.0::float8, array[66])'),
    ('1, ''{}'', 1, x * 1e140'), ('1, ''{}'', -1e141'), ('1, ''{"normalise": "log1p_zscore"}'', 0, 1 - x'),
    ('x, ''{}'', x'), ('1, jsonb_build_object(''seed'', x), x'), ('1, ''{}'', variadic array_fill(1.0::float8, array[x])')
) as c (call);
select public.refused('select vibe.kmeans_assign(m, 1, 2) from (select vibe.kmeans(1, ''{}'', x) as m from generate_series(1, 2) as x) as t');
select public.refused('select vibe.kmeans_assign(m, 1e141) from (select vibe.kmeans(1, ''{}'', x) as m from generate_series(1, 2) as x) as t');
select public.refused('select vibe.kmeans_assign(m, -1) from (select vibe.kmeans(1, ''{"normalise": "log1p_zscore"}'', x) as m from generate_series(1, 2) as x) as t');
select c.change, public.refused(format(
    'select vibe.kmeans_assign(jsonb_populate_record(m, %L), 1) from (select vibe.kmeans(2, ''{}'', x) as m from generate_series(1, 3) as x) as t', c.change))
from (values ('{"features": 0}'), ('{"features": null}'), ('{"clusters": 300}'), ('{"clusters": 3}'), ('{"centroids": [[1], [null]]}'),
    ('{"centroids": null}'), ('{"shift": []}'), ('{"scale": ["NaN"]}'), ('{"normalise": "x"}'), ('{"normalise": null}')) as c (change);
\pset format aligned
\pset tuples_only off

-- Memory: the setting is named, and the session goes on; the scratch of the kernel counts too.
set vibe.max_kernel_memory = '512kB';
select vibe.kmeans(3, '{}', a, b, c) from points;
set vibe.max_kernel_memory = '1200kB';
select vibe.kmeans(3, '{}', a, b, c) from points;
reset vibe.max_kernel_memory;
-- A timeout ends the search in time, wherever it is.
create function public.overshoot(query text) returns boolean language plpgsql as $$
declare
    started timestamptz := clock_timestamp();
begin
    execute query;
    return null;
exception when query_canceled then
    return clock_timestamp() - started > interval '600 milliseconds';
end
$$;
set statement_timeout = '250ms';
select public.overshoot($$select vibe.kmeans(200, '{"restarts": 50, "tolerance": 0}', a, b, c) from public.points$$) as too_late;
set vibe.kernel_threads = 2;
select public.overshoot($$select vibe.kmeans(200, '{"restarts": 50, "tolerance": 0}', a, b, c) from public.points$$) as too_late;
reset statement_timeout;
reset vibe.kernel_threads;
select public.same(m, (select m from alone)) as same
from (select vibe.kmeans(5, '{"normalise": "zscore"}', a, b, c) as m from points) as p;
