"""The directory of cities, hospitals, campuses and departments, the way around inside a campus, and emergency desks.

Promise   anybody may read the directory before signing in. A hospital is one object with all its campuses and
          departments; every department stands in a campus of its hospital, every campus has its GCJ-02 position and
          the radius within which a check-in counts as arrival. Opening hours are known or not, never assumed.
          A campus has at most one guide map (F7): buildings, floors, places, accessible routes, with links to map
          apps; until somebody has walked it, it says that it is not verified. Public reads may be up to a minute old.
          Staff replace a hospital or a map whole, by version; each edit leaves an audit row under the hospital's id.
          An emergency call (F34) is on its hospital's desk: the desk's contacts are told one after the other by signed
          webhook, the next one when a contact cannot be reached or nobody took the call in time (60 s), after the last
          one our own staff. Only a person moves a call on. Position and condition stay sealed in the visit; the desk
          reads them by the call's id, and each look leaves an audit row.
Table     `hospitals`:
          CITIES            <code>           a city with its price tier
          CITY#<code>       <hospital_id>    one line of the city's list
          HOSPITAL#<id>     HOSPITAL         the hospital, whole
          HOSPITAL#<id>     GUIDE#<campus>   the guide map of one campus, whole
          HOSPITAL#<id>     DESK             the emergency desk's contacts in order, secrets sealed
          CASE#<call_id>    CASE             an emergency call at a desk: state, whom we told, until when they have
          DESK#<hospital>   <call_id>        a line of the desk's list
          AUDIT#<id>        <instant>#<id>   who edited what, or looked at a call
Routes    GET /emergency-desks/{hospital_id}/calls, …/{call_id}; POST …/acknowledgement, …/departure, …/resolution;
          GET /cities, /hospitals, /hospitals/{id}, …/guide-map; staff: GET /hospitals/{id}/stored,
          …/campuses/{campus_id}/guide-map, PUT of the same and of /hospitals/{id}, /cities/{code}.
Reads     `actions.find_hospital`, `find_city`, `list_cities`, `list_hospitals`, `find_guide_map`, `desk_phones`.
Events    in: emergency.called; out: emergency.desk_contacted, emergency.unanswered, emergency.desk_moved, and to itself
          emergency.contact_due.

HIS feeds (F33) and service records (F35) will live here.
"""
