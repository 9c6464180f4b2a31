"""What several requests carry alike."""

from datetime import datetime
from typing import Annotated

import msgspec

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, description="纬度，度")]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, description="经度，度")]
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=100_000, description="定位精度，米")]
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="手机记录的时刻，带时区")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="流程节点代码")]
