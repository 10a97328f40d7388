-- What the demo shop sells and who comes, as lists; "upto" is the upper end of an entry's share of [0, 1).

create function vibe_private.demo_products() returns table (place integer, id text, title text, category text, price numeric)
language sql
immutable
parallel safe
as $$
    values
        (0, 'mug', 'Harvest mug', 'Kitchen', 24.00),
        (1, 'lamp', 'Dusk lamp', 'Lighting', 129.00),
        (2, 'chair', 'Harbour chair', 'Furniture', 349.00),
        (3, 'plant', 'Fig in terracotta', 'Garden', 58.00),
        (4, 'blanket', 'Rosehip blanket', 'Textiles', 145.00),
        (5, 'clock', 'Nine-to-five clock', 'Decoration', 89.00),
        (6, 'teapot', 'Tidewater teapot', 'Kitchen', 76.00),
        (7, 'basket', 'Market basket', 'Storage', 49.00)
$$;
comment on function vibe_private.demo_products() is 'what the demo shop''s pages sell, prices in whole currency';

create function vibe_private.demo_channels() returns table (upto double precision, referrer text, query text)
language sql
immutable
parallel safe
as $$
    values
        (0.36, null, ''),
        (0.64, 'https://www.google.com/', ''),
        (0.76, 'https://www.instagram.com/', '?utm_source=instagram&utm_medium=social&utm_campaign=hearth'),
        (0.87, 'https://www.google.com/', '?utm_source=google&utm_medium=cpc&utm_campaign=brand'),
        (0.95, null, '?utm_source=newsletter&utm_medium=email&utm_campaign=weekly'),
        (1.00, 'https://www.pinterest.com/', '')
$$;
comment on function vibe_private.demo_channels() is 'where the demo''s visits come from';

create function vibe_private.demo_devices()
returns table (upto double precision, device text, browser text, os text, user_agent text)
language sql
immutable
parallel safe
as $$
    values
        (0.31, 'mobile', 'Safari', 'iOS',
            'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'),
        (0.56, 'mobile', 'Chrome', 'Android',
            'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36'),
        (0.80, 'desktop', 'Chrome', 'Windows',
            'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'),
        (0.90, 'desktop', 'Safari', 'macOS',
            'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'),
        (0.96, 'desktop', 'Firefox', 'Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'),
        (1.00, 'tablet', 'Safari', 'iOS',
            'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1')
$$;
comment on function vibe_private.demo_devices() is 'what the demo''s visitors use';

create function vibe_private.demo_name(seed integer, visitor integer) returns text
language sql
immutable
parallel safe
as $$
    select
        (array['Ana', 'Bruno', 'Carla', 'Diego', 'Elena', 'Felix', 'Grace', 'Hugo', 'Ines', 'Jonas', 'Karin', 'Liam', 'Maya',
            'Nuno', 'Olga', 'Pedro', 'Quinn', 'Rosa', 'Sven', 'Tara', 'Uma', 'Vera', 'Wes', 'Yara', 'Zoe'])
            [1 + floor(25 * vibe_private.demo_chance(seed, 'first name', visitor))::integer]
        || ' ' ||
        (array['Almeida', 'Berg', 'Costa', 'Dorn', 'Evans', 'Ferreira', 'Grant', 'Haas', 'Ito', 'Jensen', 'Klein', 'Lopes',
            'Moreau', 'Nunes', 'Okafor', 'Pires', 'Quist', 'Rossi', 'Silva', 'Tanaka', 'Urban', 'Vidal', 'Walsh', 'Young', 'Zapata'])
            [1 + floor(25 * vibe_private.demo_chance(seed, 'last name', visitor))::integer]
$$;
comment on function vibe_private.demo_name(integer, integer) is 'a name for a visitor of the demo who gave one';
