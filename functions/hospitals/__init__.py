"""The directory of cities, hospitals, campuses and departments, and the way around inside a campus.

Promise   anybody may read the directory before signing in. A hospital is one object with all its campuses and
          departments; every department stands in a campus of its hospital, every campus has its GCJ-02 position and
          the radius within which a check-in counts as arrival. Opening hours are known or not, never assumed.
          A campus has at most one guide map (F7): buildings, floors, places, accessible routes, with links to map
          apps; until somebody has walked it, it says that it is not verified. Public reads may be up to a minute old.
          Staff replace a hospital or a map whole, by version; each edit leaves an audit row under the hospital's id.
Table     `hospitals`:
          CITIES            <code>           a city with its price tier
          CITY#<code>       <hospital_id>    one line of the city's list
          HOSPITAL#<id>     HOSPITAL         the hospital, whole
          HOSPITAL#<id>     GUIDE#<campus>   the guide map of one campus, whole
          AUDIT#<id>        <instant>#<id>   who edited what
Routes    GET /cities, /hospitals, /hospitals/{id}, …/guide-map; staff: GET /hospitals/{id}/stored,
          …/campuses/{campus_id}/guide-map, PUT of the same and of /hospitals/{id}, /cities/{code}.
Reads     `actions.find_hospital`, `find_city`, `list_cities`, `list_hospitals`, `find_guide_map`.
Events    none in, none out.

HIS feeds (F33), emergency desks (F34) and service records (F35) will live here.
"""
