"""The directory of cities, hospitals, campuses and departments.

Promise   anybody may read the directory before signing in. A hospital is one object with all its campuses and
          departments; every department stands in a campus of its hospital, every campus has its GCJ-02 position and
          the radius within which a check-in counts as arrival. Reads may be up to a minute old.
Table     `hospitals`:
          CITIES            <code>           a city with its price tier
          CITY#<code>       <hospital_id>    one line of the city's list
          HOSPITAL#<id>     HOSPITAL         the hospital, whole
Reads     `actions.find_hospital`, `actions.find_city`, `actions.list_cities`, `actions.list_hospitals`.
Events    none in, none out.

Guide maps (F7), HIS feeds (F33), emergency desks (F34) and service records (F35) will live here.
"""
