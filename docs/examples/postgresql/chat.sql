-- Copyright (c) 2026, the selfheal.cluster maintainers
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
-- chat.sql
CREATE TABLE chat (
    address inet PRIMARY KEY,
    leaving boolean NOT NULL DEFAULT false
);
CREATE VIEW chat_nodes AS
SELECT 'chat@' || host(address) AS name,
       CASE WHEN leaving THEN 'terminating' ELSE 'ready' END AS state
FROM chat;
