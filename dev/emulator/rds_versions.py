"""RDS engine versions and Serverless v2 platform versions."""

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from emulator.rds_clusters import number
from emulator.rds_settings import VERSIONS, family_of, full_version

# DescribeDBEngineVersions and DescribeServerlessV2PlatformVersions, which moto lacks (500). The versions are those of
# rds_settings; which of them can pause follows AWS's documentation. Drop when moto has both.

PAUSES_FROM = {"aurora-postgresql": {13: 15, 14: 12, 15: 7, 16: 3}, "aurora-mysql": {8: [8, 0, 3, 8, 0]}}
EXACT = {"aurora-postgresql", "aurora-mysql", "postgres", "mysql", "mariadb"}


def describe_db_engine_versions(self):
    engine, asked = self.params.get("Engine"), self.params.get("EngineVersion")
    rows = []
    for name in EXACT if engine is None else EXACT & {engine}:
        known = [full_version(name, None)] if self.params.get("DefaultOnly") else VERSIONS[name]
        rows += [row(name, version) for version in known if not asked or f"{version}.".startswith(f"{asked}.")]
    return ActionResult({"DBEngineVersions": rows})


def row(engine, version):
    shown = {
        "Engine": engine, "EngineVersion": version, "MajorEngineVersion": family_of(engine, version)[len(engine):],
        "DBParameterGroupFamily": family_of(engine, version), "Status": "available", "SupportedEngineModes": ["provisioned"],
        "ValidUpgradeTarget": [
            {"Engine": engine, "EngineVersion": one, "IsMajorVersionUpgrade": family_of(engine, one) != family_of(engine, version)}
            for one in VERSIONS[engine] if number(one) > number(version)
        ],
    }
    if engine.startswith("aurora"):
        shown["ServerlessV2FeaturesSupport"] = {"MinCapacity": 0.0 if can_pause(engine, version) else 0.5, "MaxCapacity": 256.0}
    return shown


def can_pause(engine, version):
    parts = number(version)
    since = PAUSES_FROM[engine].get(parts[0])
    if engine == "aurora-postgresql":
        return parts[0] > 16 or (since is not None and parts[1] >= since)
    return since is not None and parts >= since


def describe_serverless_v2_platform_versions(self):
    rows = [
        {"ServerlessV2PlatformVersion": version, "Engine": engine, "Status": "enabled", "IsDefault": version == "3",
         "ServerlessV2FeaturesSupport": {"MinCapacity": 0.0, "MaxCapacity": most}}
        for engine in ("aurora-mysql", "aurora-postgresql") for version, most in (("1", 128.0), ("2", 256.0), ("3", 256.0))
    ]
    wanted = {name: self.params.get(name) for name in ("Engine", "ServerlessV2PlatformVersion")}
    found = [one for one in rows if all(value in (None, one[name]) for name, value in wanted.items())]
    if self.params.get("DefaultOnly"):
        found = [one for one in found if one["IsDefault"]]
    return ActionResult({"ServerlessV2PlatformVersions": found})


RDSResponse.describe_db_engine_versions = describe_db_engine_versions
RDSResponse.describe_serverless_v2_platform_versions = describe_serverless_v2_platform_versions
